"""Headquarters' counter: authentication, authorization, admission, verbs, then the store."""
