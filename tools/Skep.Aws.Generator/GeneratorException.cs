namespace Skep.Aws.Generator;

/// <summary>An input that the generator cannot use; the message says which and why.</summary>
internal sealed class GeneratorException(string message) : Exception(message);
