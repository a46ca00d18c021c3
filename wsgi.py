"""The app for the server, with the settings of the environment."""

from app import create_app

app = create_app()
