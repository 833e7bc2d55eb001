using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Skep.Linux.SystemTests;

public sealed class NetworkNamespaceTests : IAsyncLifetime
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly CommandRunner _runner = new(TimeProvider.System);
    private readonly string _prefix = $"skN{Environment.ProcessId}-";
    private string Name => _prefix + "a";

    public ValueTask InitializeAsync()
    {
        Root.Require();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in NetworkNamespace.List(_prefix))
            await NetworkNamespace.DeleteAsync(_runner, name, CancellationToken.None);
    }

    [Fact]
    public async Task Is_made_once_listed_and_removed_once()
    {
        Assert.True(await NetworkNamespace.EnsureAsync(_runner, Name, Ct));
        Assert.False(await NetworkNamespace.EnsureAsync(_runner, Name, Ct));
        Assert.Equal([Name], NetworkNamespace.List(_prefix));
        Assert.True(await NetworkNamespace.DeleteAsync(_runner, Name, Ct));
        Assert.False(await NetworkNamespace.DeleteAsync(_runner, Name, Ct));
        Assert.Empty(NetworkNamespace.List(_prefix));
    }

    [Fact]
    public async Task A_file_that_a_crash_left_without_a_namespace_is_replaced()
    {
        await File.WriteAllTextAsync(NetworkNamespace.PathOf(Name), "", Ct);
        Assert.False(NetworkNamespace.Exists(Name));
        Assert.True(await NetworkNamespace.EnsureAsync(_runner, Name, Ct));
        Assert.True(NetworkNamespace.Exists(Name));
    }

    [Fact]
    public async Task A_file_that_a_crash_left_without_a_namespace_is_removed()
    {
        await File.WriteAllTextAsync(NetworkNamespace.PathOf(Name), "", Ct);
        Assert.True(await NetworkNamespace.DeleteAsync(_runner, Name, Ct));
        Assert.Empty(NetworkNamespace.List(_prefix));
    }

    [Fact]
    public async Task A_socket_made_inside_stays_inside()
    {
        await NetworkNamespace.EnsureAsync(_runner, Name, Ct);
        using var listener = NetworkNamespace.RunIn(Name, () =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            socket.Listen();
            return socket;
        });
        var port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        using var outside = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => outside.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Ct).AsTask());
        using var inside = NetworkNamespace.RunIn(Name, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await inside.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), Ct);
        using var accepted = await listener.AcceptAsync(Ct);
        Assert.NotNull(accepted.RemoteEndPoint);
    }

    [Fact]
    public async Task The_callers_thread_does_not_move()
    {
        await NetworkNamespace.EnsureAsync(_runner, Name, Ct);
        var before = NetworkInterface.GetAllNetworkInterfaces().Length;
        var inside = NetworkNamespace.RunIn(Name, () => NetworkInterface.GetAllNetworkInterfaces().Length);
        Assert.Equal(1, inside);
        Assert.Equal(before, NetworkInterface.GetAllNetworkInterfaces().Length);
    }

    [Fact]
    public void A_missing_namespace_is_named_in_the_error()
    {
        var ex = Assert.ThrowsAny<IOException>(() => NetworkNamespace.RunIn(Name, () => 0));
        Assert.Contains(Name, ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_function_throws_comes_through()
    {
        await NetworkNamespace.EnsureAsync(_runner, Name, Ct);
        Assert.Throws<InvalidOperationException>(() => NetworkNamespace.RunIn<int>(Name, () => throw new InvalidOperationException()));
    }
}
