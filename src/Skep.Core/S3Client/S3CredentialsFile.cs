using Skep.Core.Identity;

namespace Skep.Core.S3Client;

/// <summary>An access key in a file of the form that AWS tools use (~/.aws/credentials); read again when the file changes. Thread-safe.</summary>
/// <param name="path">The file.</param>
/// <param name="profile">The section of it.</param>
public sealed class S3CredentialsFile(string path, string profile)
{
    private readonly Lock _lock = new();
    private DateTime _written;
    private SigV4Credentials? _credentials;

    /// <summary>The access key that the file holds now.</summary>
    /// <exception cref="S3ConfigurationException">There is none.</exception>
    public SigV4Credentials Get()
    {
        lock (_lock)
        {
            try
            {
                var written = File.GetLastWriteTimeUtc(path);
                if (_credentials is null || written != _written)
                    (_credentials, _written) = (Parse(File.ReadAllLines(path)), written);
                return _credentials;
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                throw new S3ConfigurationException($"{path}: the access key cannot be read: {ex.Message}", ex);
            }
        }
    }

    private SigV4Credentials Parse(string[] lines)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var isOurs = false;
        foreach (var line in lines.Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] is not ('#' or ';')))
        {
            if (line[0] == '[')
                isOurs = line == $"[{profile}]";
            else if (isOurs && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
                values[line[..equals].Trim()] = line[(equals + 1)..].Trim();
        }

        if (values.TryGetValue("aws_access_key_id", out var id) && values.TryGetValue("aws_secret_access_key", out var secret))
            return new SigV4Credentials(id, secret, values.GetValueOrDefault("aws_session_token"));
        throw new S3ConfigurationException($"{path} has no aws_access_key_id and aws_secret_access_key in section [{profile}]");
    }
}
