"""The site: ``python -m tools.site`` builds build/site from executed lessons, for any web server or none."""
