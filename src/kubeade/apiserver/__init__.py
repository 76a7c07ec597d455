"""The API server: authentication, authorization, admission, verbs, ledger. `server.py` tells the journey."""
