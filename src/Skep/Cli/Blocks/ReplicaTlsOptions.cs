using System.CommandLine;
using System.Security.Cryptography;
using Skep.Blocks.Log.Replication;

namespace Skep.Cli.Blocks;

/// <summary>The options <c>…-cert</c>, <c>…-key</c> and <c>…-ca</c> of both ends of a log's replication.</summary>
internal sealed class ReplicaTlsOptions(string prefix)
{
    private readonly Option<string?> _certificate = new($"{prefix}-cert") { Description = "This end's certificate with its chain, in PEM. Both ends show one.", HelpName = "PEM" };
    private readonly Option<string?> _key = new($"{prefix}-key") { Description = "The certificate's private key (default: it is in the same file).", HelpName = "PEM" };
    private readonly Option<string?> _authority = new($"{prefix}-ca") { Description = "The authority that has signed both ends' certificates; use one for this alone.", HelpName = "PEM" };

    /// <summary>Adds them to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Add(_certificate);
        command.Add(_key);
        command.Add(_authority);
        command.Validators.Add(result =>
        {
            if ((result.GetValue(_certificate) is null) != (result.GetValue(_authority) is null) || (result.GetValue(_key) is not null && result.GetValue(_certificate) is null))
                result.AddError($"TLS needs {prefix}-cert and {prefix}-ca: both ends show a certificate of one authority");
        });
    }

    /// <summary>What was asked for; null without TLS.</summary>
    /// <exception cref="CliException">A file cannot be read or has not what it should.</exception>
    public ReplicaTls? Read(ParseResult parsed) => Paths(parsed) is { } paths ? Open(paths) : null;

    /// <summary>The files that were named; null without TLS.</summary>
    public (string Certificate, string Key, string Authority)? Paths(ParseResult parsed) => parsed.GetValue(_certificate) is { } certificate
        ? (Path.GetFullPath(certificate), Path.GetFullPath(parsed.GetValue(_key) ?? certificate), Path.GetFullPath(parsed.GetValue(_authority)!))
        : null;

    /// <summary>Reads the files.</summary>
    /// <exception cref="CliException">One cannot be read or has not what it should.</exception>
    public static ReplicaTls Open((string Certificate, string Key, string Authority) paths)
    {
        try
        {
            return ReplicaTls.Read(paths.Certificate, paths.Key, paths.Authority);
        }
        catch (Exception ex) when (ex is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CliException($"TLS: {ex.Message}", ex is FileNotFoundException ? ExitCode.NotFound : ExitCode.Failure);
        }
    }
}
