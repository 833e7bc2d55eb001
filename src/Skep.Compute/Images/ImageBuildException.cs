namespace Skep.Compute.Images;

/// <summary>An image cannot be made or taken in; the message says what is wrong and what would help.</summary>
public sealed class ImageBuildException : Exception
{
    /// <summary>A failure with its reason.</summary>
    public ImageBuildException(string message)
        : base(message)
    {
    }

    /// <summary>A failure caused by another.</summary>
    public ImageBuildException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
