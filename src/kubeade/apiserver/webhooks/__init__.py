"""Calling webhooks: for admission and for the conversion of custom resources."""
