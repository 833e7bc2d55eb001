using System.Diagnostics.CodeAnalysis;

namespace Skep.Blocks.Nbd;

/// <summary>
/// One connection of the server: the handshake (NbdSession.Handshake, NbdSession.Options, NbdSession.Contexts), then
/// requests as they come (NbdSession.Requests, NbdSession.BlockStatus) and their replies (NbdSession.Replies). The
/// link's reader alone calls <see cref="Process"/> and the members that go with it; replies are made on any thread.
/// </summary>
internal sealed partial class NbdSession : PayloadHolder, IAsyncDisposable
{
    private const int InboxSize = 128 << 10;

    private readonly NbdShared _shared;
    private readonly NbdLink _link;
    private readonly CancellationTokenSource _stop;
    private readonly PageBuffer _inbox = new(InboxSize);
    private NbdExport? _export;
    private IBlockDevice _device = null!; // set when an export is chosen, before any request
    private bool _isReadOnly;
    private bool _isStructured;
    private bool _isExtended;
    private int _inboxStart;
    private int _inboxEnd;
    private int _isWoken;
    private int _progressSeen;
    private int _stillCount;
    private volatile bool _isStopping;
    private int _hasEnded;
    private volatile NbdFailure _failure;
    private string _message = "";

    public NbdSession(NbdShared shared, NbdLink link, NbdServerTls? tls)
    {
        _shared = shared;
        _link = link;
        _tls = tls;
        _stop = new CancellationTokenSource();
        Outbox = new NbdOutbox(OnCompleted);
    }

    /// <summary>Replies on their way.</summary>
    public NbdOutbox Outbox { get; }

    /// <summary>Requests that were begun and whose replies have not been sent.</summary>
    public int InFlight => Outbox.InFlight;

    /// <summary>Whether it has a thread of its own.</summary>
    public bool HasThread => _link is ThreadLink;

    /// <summary>How it ended; valid after <see cref="RunAsync"/>.</summary>
    public NbdSessionEnd End => new(_link.Client, _export?.Name, _failure, _message);

    /// <summary>
    /// For the server's watch: how many of its periods have passed without a byte moving while it held memory. Who waits for
    /// memory and holds none is not the one to blame.
    /// </summary>
    public int CountStill()
    {
        var progress = _link.Progress;
        _stillCount = progress == _progressSeen && HeldBytes > 0 ? _stillCount + 1 : 0;
        _progressSeen = progress;
        return _stillCount;
    }

    /// <summary>Serves the connection until it ends, however it ends.</summary>
    public async Task RunAsync()
    {
        try
        {
            if (await HandshakeAsync(_stop.Token))
                await _link.TransmitAsync(this);
        }
        catch (NbdException ex)
        {
            EndWith(ex.Failure, ex.Message);
        }
        catch (OperationCanceledException)
        {
            EndWith(NbdFailure.Handshake, $"{_link.Client} did not finish the handshake");
        }
        catch (BlockDeviceException ex)
        {
            EndWith(NbdFailure.Export, ex.Message);
        }
    }

    /// <summary>Finishes what was begun, answers what follows with NBD_ESHUTDOWN, and ends.</summary>
    public void Stop()
    {
        EndWith(NbdFailure.Shutdown, "");
        _isStopping = true;
        _link.StopReceiving();
        if (!_isTransmitting)
            _stop.Cancel();
    }

    /// <summary>Cuts the connection.</summary>
    public void Abort(NbdFailure failure, string message)
    {
        EndWith(failure, message);
        _link.Abort();
        _stop.Cancel();
    }

    /// <inheritdoc/>
    public override void Wake()
    {
        Interlocked.Exchange(ref _isWoken, 1);
        _link.Wake();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _shared.Memory.Forget(this);
        if (_export is not null)
            await _link.SettleAsync(_export.DisposeAsync());
        await _link.DisposeAsync();
        Outbox.Free();
        _inbox.Free();
        // Not _stop: whoever ends the server may still be about to cancel it, and it holds nothing.
    }

    /// <summary>The first reason is the one that counts.</summary>
    private void EndWith(NbdFailure failure, string message)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) == 1)
            return;
        _message = message;
        _failure = failure;
    }

    [DoesNotReturn]
    private void Refuse(NbdFailure failure, string what) => throw new NbdException(failure, $"{_link.Client} {what}");
}
