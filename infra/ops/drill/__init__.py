"""Injecting the fault behind every alarm on the local stack, and looking which alarms of the template fire."""
