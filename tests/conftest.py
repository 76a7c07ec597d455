"""What holds for every test: those that hypothesis writes are the same on every run and on slow machines."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
