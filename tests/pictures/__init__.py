"""The pictures and sounds in docs/pictures/, made anew from the line itself."""
