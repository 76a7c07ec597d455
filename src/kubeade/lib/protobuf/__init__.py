"""Protobuf: its wire format, and messages declared as classes. Which messages there are is others' matter."""
