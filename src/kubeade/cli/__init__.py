"""The remote control: one file per command."""
