"""The contract with the delivery platforms: cloud controllers over a provider interface."""
