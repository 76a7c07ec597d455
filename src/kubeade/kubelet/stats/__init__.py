"""What the node, its pods and their containers use: measured on request, told in the formats of upstream."""
