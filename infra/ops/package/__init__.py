"""Building what is deployed: one zip per function, and the template that names them."""
