"""Who asks: certificates, tokens, impersonation, and the tokens that the server itself issues."""
