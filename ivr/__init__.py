"""A phone line that reads guidance aloud and puts people through to help."""
