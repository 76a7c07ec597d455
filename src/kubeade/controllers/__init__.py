"""The floor managers: one folder per controller, each a controller (acts) and a plan (decides)."""
