"""Keeps the numbered pods of each StatefulSet, and the claims that go with their names."""
