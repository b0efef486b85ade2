"""SVG charts of the report's page: plain data in, markup out, drawn by Jinja2 templates."""
