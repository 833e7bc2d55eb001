using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace Skep.Cli.Client;

/// <summary>
/// A connection to the daemon of a data directory: HTTPS, trusting the cluster's CA and nothing else. Safe to use from
/// several threads.
/// </summary>
internal sealed class SkepClient : IDisposable
{
    private static readonly TimeSpan _requestTimeout = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;

    private SkepClient(DaemonFiles files, TimeProvider time)
    {
        Files = files;
        Time = time;
        _http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = TrustOnly(files.Authority) },
            ConnectTimeout = TimeSpan.FromSeconds(5),
            UseProxy = false,
        })
        {
            BaseAddress = files.Endpoint,
            Timeout = Timeout.InfiniteTimeSpan, // watches are open-ended; other requests have their own deadline
        };
        Resources = new ResourceApi(this);
        Ec2 = new Ec2Api(this);
    }

    /// <summary>Where the daemon is and who the caller is.</summary>
    public DaemonFiles Files { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>The resource API.</summary>
    public ResourceApi Resources { get; }

    /// <summary>The EC2 API.</summary>
    public Ec2Api Ec2 { get; }

    /// <summary>Reads the daemon's files; the first request connects.</summary>
    /// <exception cref="CliException">There is no daemon on that data directory.</exception>
    public static SkepClient Open(string dataDirectory, TimeProvider time) => new(DaemonFiles.Read(dataDirectory), time);

    /// <summary>Whether a daemon answers for a data directory.</summary>
    /// <exception cref="CliException">Its files are damaged or may not be read.</exception>
    public static async Task<bool> IsRunningAsync(string dataDirectory, TimeProvider time, CancellationToken ct)
    {
        try
        {
            using var client = Open(dataDirectory, time);
            using var response = await client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "/livez"), ct);
            return response.IsSuccessStatusCode;
        }
        catch (CliException ex) when (ex.Code == ExitCode.NotRunning)
        {
            return false;
        }
    }

    /// <summary>Sends a request as the admin and reads the whole answer; 30 s at most.</summary>
    /// <exception cref="CliException">The daemon does not answer.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(_requestTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ct);
        try
        {
            Authenticate(request);
            return await _http.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
        }
        catch (HttpRequestException ex)
        {
            throw Unreachable(ex);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            throw new CliException($"the daemon at {Files.Endpoint} did not answer {request.Method} {request.RequestUri} within {_requestTimeout.TotalSeconds:0} s", ExitCode.NotRunning);
        }
    }

    /// <summary>Sends a request and returns as soon as the head of the answer is there; the body has no deadline.</summary>
    /// <exception cref="CliException">The daemon does not answer.</exception>
    public async Task<HttpResponseMessage> SendStreamingAsync(HttpRequestMessage request, CancellationToken ct)
    {
        try
        {
            Authenticate(request);
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException ex)
        {
            throw Unreachable(ex);
        }
    }

    /// <summary>Reads a JSON document, for example of discovery.</summary>
    public async Task<JsonNode> GetJsonAsync(string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        using var response = await SendAsync(request, ct);
        var body = await response.Content.ReadAsStringAsync(ct);
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(body) ?? throw new CliException($"GET {path}: the daemon answered null")
            : throw ApiFailures.FromStatus(response.StatusCode, body);
    }

    /// <summary>
    /// The same for callers that cannot wait (shell completion); one second at most.
    /// </summary>
    /// <returns>Null when anything at all goes wrong: a completion that fails is an empty one.</returns>
    public JsonNode? TryGetJson(string path)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(1), Time);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            Authenticate(request);
            using var response = _http.Send(request, timeout.Token);
            using var body = response.Content.ReadAsStream(timeout.Token);
            return response.IsSuccessStatusCode ? JsonNode.Parse(body) : null;
        }
        catch (Exception ex) when (ex is HttpRequestException or OperationCanceledException or IOException or System.Text.Json.JsonException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        Files.Authority.Dispose();
    }

    private static X509ChainPolicy TrustOnly(X509Certificate2 authority) => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        CustomTrustStore = { authority },
        RevocationMode = X509RevocationMode.NoCheck,
    };

    // A request that carries its own signature (SigV4) keeps it.
    private void Authenticate(HttpRequestMessage request)
    {
        if (!request.Headers.Contains("Authorization"))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Files.Token);
    }

    private CliException Unreachable(HttpRequestException ex)
    {
        if (ex.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
            return DaemonFiles.NotRunning(Files.DataDirectory, $"no daemon answers at {Files.Endpoint.Authority} (from {Path.Combine(Files.DataDirectory, "daemon.json")})");
        return ex.HttpRequestError == HttpRequestError.SecureConnectionError
            ? new CliException(
                $"what answers at {Files.Endpoint.Authority} is not the daemon of {Files.DataDirectory}: {ex.InnerException?.Message ?? ex.Message}",
                ExitCode.NotRunning,
                "Another daemon may have taken the port; `skep status` tells, `--data DIR` names the other one.")
            : DaemonFiles.NotRunning(Files.DataDirectory, $"the daemon at {Files.Endpoint.Authority} cannot be reached: {ex.Message}");
    }
}
