namespace Skep.Blocks.Log;

/// <summary>A data object is not in the store: garbage collection may have replaced it, so the map must be asked again.</summary>
internal sealed class ObjectGoneException(string message, Exception inner) : Exception(message, inner);
