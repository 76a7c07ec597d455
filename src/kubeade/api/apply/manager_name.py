"""The manager's name where a client gives none."""

MAX_LENGTH_BYTES = 128


def manager_name(field_manager: str, user_agent: str) -> str:
    """The `fieldManager` parameter, or what the User-Agent says before its first slash."""
    if field_manager:
        return field_manager
    kept, length = [], 0
    for character in user_agent.partition("/")[0]:
        if not character.isprintable():
            continue
        length += len(character.encode())
        if length > MAX_LENGTH_BYTES:
            break
        kept.append(character)
    return "".join(kept)
