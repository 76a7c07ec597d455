"""The staff: images, sandboxes and containers. An embedded implementation of the CRI treaty."""
