namespace Skep.Gateway;

/// <summary>Where <c>/metrics</c> comes from.</summary>
public interface IMetricsSource
{
    /// <summary>The media type of what <see cref="WriteAsync"/> writes.</summary>
    string ContentType { get; }

    /// <summary>Writes the state of all instruments.</summary>
    Task WriteAsync(Stream stream, CancellationToken ct);
}
