"""Users by tokens that somebody else issued: OpenID Connect, configured by flags or by an
AuthenticationConfiguration.

`config` says which issuers count and how claims become users; `mapping` does that (pure); `keys` fetches and
keeps an issuer's public keys; `authenticator` puts them together. PyJWT checks the signatures.
"""
