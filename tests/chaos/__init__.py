"""Kills at random under callers and an adviser. See `scripts/chaos`."""
