"""What people do with `/aion`: their conversations, an export, a search, the images that a thread is about."""
