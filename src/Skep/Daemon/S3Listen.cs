using System.Net;
using System.Net.Sockets;
using Skep.Cli;
using Skep.Gateway;
using Skep.S3;

namespace Skep.Daemon;

/// <summary>Where S3 alone is served.</summary>
/// <param name="EndPoint">Address and port; port 0 lets the system choose.</param>
/// <param name="IsTls">Whether with the server's certificate; plain HTTP otherwise.</param>
/// <param name="IsRequired">Whether the daemon does not start without: not for the default port, which something else may have.</param>
internal sealed record S3Listen(IPEndPoint EndPoint, bool IsTls, bool IsRequired)
{
    /// <summary>What turns the port off.</summary>
    public const string Off = "off";

    private const string Http = "http://";
    private const string Https = "https://";

    /// <summary>The port when nothing is said: 9000 on the API's address; chosen by the system where the API's is.</summary>
    public static S3Listen Default(IPEndPoint api) => new(new IPEndPoint(api.Address, api.Port == 0 ? 0 : S3Options.DefaultPort), IsTls: true, IsRequired: false);

    /// <summary>Reads the option: ADDRESS:PORT or a port, with http:// in front for no TLS; null for "off".</summary>
    public static bool TryParse(string text, out S3Listen? listen)
    {
        listen = null;
        if (text == Off)
            return true;
        var isPlain = text.StartsWith(Http, StringComparison.OrdinalIgnoreCase);
        var rest = isPlain ? text[Http.Length..] : text.StartsWith(Https, StringComparison.OrdinalIgnoreCase) ? text[Https.Length..] : text;
        if (!DaemonUp.TryParseEndPoint(rest, out var endPoint))
            return false;
        listen = new S3Listen(endPoint, !isPlain, IsRequired: true);
        return true;
    }

    /// <summary>The option that says the same.</summary>
    public string ToOption() => (IsTls ? "" : Http) + EndPoint;

    /// <summary>Begins to listen; null when the default port is taken, with what to tell.</summary>
    /// <exception cref="CliException">A port that was asked for cannot be had.</exception>
    public Socket? TryOpen(out string? problem)
    {
        problem = null;
        try
        {
            return Listener.Open(EndPoint, "--s3-listen");
        }
        catch (CliException ex) when (!IsRequired)
        {
            problem = ex.Message;
            return null;
        }
    }

    /// <summary>The URL of a socket that listens.</summary>
    public string UrlOf(Socket socket) => $"{(IsTls ? Https : Http)}{Listener.ClientEndPoint(socket)}";
}
