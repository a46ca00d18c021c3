"""The contract: the OpenAPI document, and whether the answers keep to it."""
