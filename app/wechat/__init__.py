"""The one border to WeChat: narrow calls, and a sandbox that stands in for them."""
