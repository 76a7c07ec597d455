"""MutatingAdmissionWebhook and ValidatingAdmissionWebhook: others' programs that are asked about changes."""
