"""What webhooks and admission policies share: which requests they are about, and how a request looks to
them."""
