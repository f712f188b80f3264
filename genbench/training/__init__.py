"""One trial: built, trained, scored and recorded, on one rank or several."""
