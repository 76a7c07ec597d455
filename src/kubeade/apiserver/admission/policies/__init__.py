"""ValidatingAdmissionPolicy and MutatingAdmissionPolicy: rules in CEL, evaluated by the API server itself."""
