"""What the server imports: the app, built from the environment."""

from app import create_app

app = create_app()
