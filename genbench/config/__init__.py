"""Settings: typed dataclasses, their composition from layers and overrides, and strict YAML."""
