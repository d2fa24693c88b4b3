"""What people do with `/aion`: the subcommands, in the words that a platform shows beside them and that help lists."""

SUBCOMMANDS = {
    "new": "Begin a new conversation here",
    "sessions": "List your conversations, and go on with one here",
    "rename": "Give this conversation another name",
    "close": "End this conversation",
    "context": "Choose which images I look at here",
    "search": "Find images, for your eyes only",
    "export": "Get this conversation as a file",
    "status": "See what this conversation is about and what is left",
    "help": "List these commands",
}
