"""What a study claims: read from its file, judged by its trials."""
