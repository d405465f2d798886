"""The API as one OpenAPI document, merged from the functions themselves."""
