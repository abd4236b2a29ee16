"""The conversation: a LangGraph agent over the tools, with a language model or with the embedded guided one."""
