namespace Skep.Core.S3Client;

/// <summary>What an S3 client was told to use (a file of access keys, of authorities) cannot be used. The message says which and why.</summary>
public sealed class S3ConfigurationException(string message, Exception? inner = null) : Exception(message, inner);
