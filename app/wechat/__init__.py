"""The only place that talks to WeChat, with a sandbox for use without WeChat."""
