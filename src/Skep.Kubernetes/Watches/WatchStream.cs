using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Kubernetes.Errors;
using Skep.Kubernetes.Output;
using Skep.Kubernetes.Selectors;

namespace Skep.Kubernetes.Watches;

/// <summary>
/// One client's stream of events: JSON lines. A slow client holds back only its own position. Documents are copied from
/// the stored bytes: nothing is serialised for each client unless it asked for a Table or for metadata.
/// </summary>
internal sealed class WatchStream(HttpContext http, ResourceOutput output, ResourceFilter filter, bool allowsBookmarks, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Time between bookmarks.</summary>
    private static readonly TimeSpan _bookmarkInterval = TimeSpan.FromMinutes(1);

    /// <summary>Bytes buffered before the stream waits for the client.</summary>
    private const int FlushBytes = 64 * 1024;

    private readonly PipeWriter _body = Start(http);
    private readonly PeriodicTimer _bookmarks = new(_bookmarkInterval, time);

    /// <summary>Writes an object of the initial state.</summary>
    public async ValueTask AddAsync(Resource resource)
    {
        Write("ADDED"u8, resource);
        if (_body.CanGetUnflushedBytes && _body.UnflushedBytes > FlushBytes)
            await _body.FlushAsync(http.RequestAborted);
    }

    /// <summary>Writes a bookmark.</summary>
    public void Bookmark(long revision, bool endsInitialEvents)
    {
        _body.Write("{\"type\":\"BOOKMARK\",\"object\":"u8);
        output.WriteBookmark(_body, revision, endsInitialEvents);
        _body.Write("}\n"u8);
    }

    /// <summary>Streams the events after a position until the lifetime is over, the store stops or the client goes away.</summary>
    public async Task RunAsync(ResourceStore store, GroupResource resource, long position, TimeSpan lifetime)
    {
        // The client learns at once that the watch stands, even if nothing happens for long.
        await _body.FlushAsync(http.RequestAborted);
        using var timeout = new CancellationTokenSource(lifetime, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, http.RequestAborted);
        var events = store.WatchAsync(resource, position, stop.Token).GetAsyncEnumerator(CancellationToken.None);
        Task<bool>? next = null;
        Task<bool>? tick = null;
        try
        {
            while (true)
            {
                next ??= events.MoveNextAsync().AsTask();
                if (allowsBookmarks)
                {
                    tick ??= _bookmarks.WaitForNextTickAsync(stop.Token).AsTask();
                    if (await Task.WhenAny(next, tick) == tick && !next.IsCompleted)
                    {
                        await tick;
                        tick = null;
                        Bookmark(position, endsInitialEvents: false);
                        await _body.FlushAsync(http.RequestAborted);
                        continue;
                    }
                }

                if (!await next)
                    break;
                next = null;
                await WriteAsync(events.Current.Events);
                position = events.Current.Revision;
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !http.RequestAborted.IsCancellationRequested)
        {
            // The ordinary end: the client resumes at its last revision.
            if (allowsBookmarks)
                Bookmark(position, endsInitialEvents: false);
            await _body.FlushAsync(http.RequestAborted);
        }
        catch (ResourceException ex) when (ex.Reason is ResourceError.Expired)
        {
            await FailAsync(ApiErrors.Expired(ex.Message));
        }
        finally
        {
            await stop.CancelAsync();
            // An enumerator may not be disposed of while it moves.
            if (next is not null)
                await next.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            await events.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _bookmarks.Dispose();
        return ValueTask.CompletedTask;
    }

    private static PipeWriter Start(HttpContext http)
    {
        http.Response.ContentType = OutputForm.ContentType;
        http.Response.Headers.CacheControl = "no-cache, private";
        return http.Response.BodyWriter;
    }

    private async Task WriteAsync(IReadOnlyList<ResourceEvent> events)
    {
        var hasWritten = false;
        foreach (var e in events)
        {
            hasWritten |= TryWrite(e);
            if (_body.CanGetUnflushedBytes && _body.UnflushedBytes > FlushBytes)
                await _body.FlushAsync(http.RequestAborted);
        }

        if (hasWritten)
            await _body.FlushAsync(http.RequestAborted);
    }

    private bool TryWrite(ResourceEvent e)
    {
        var matches = filter.Matches(e.Resource);
        switch (e.Type)
        {
            case ResourceEventType.Added when matches:
                Write("ADDED"u8, e.Resource);
                return true;
            case ResourceEventType.Deleted when matches:
                Write("DELETED"u8, e.Resource);
                return true;
            case ResourceEventType.Modified when matches:
                // Without the version before (read back from the log) MODIFIED is safe: clients add what they do not know.
                Write(e.Previous is null || !filter.IsSelective || filter.Matches(e.Previous) ? "MODIFIED"u8 : "ADDED"u8, e.Resource);
                return true;
            case ResourceEventType.Modified when filter.IsSelective && (e.Previous is null ? filter.IsInNamespace(e.Resource) : filter.Matches(e.Previous)):
                // It no longer matches: the client gets the last state that did, at the revision of the change.
                Write("DELETED"u8, e.Previous is null ? e.Resource : AtRevision(e.Previous, e.Revision));
                return true;
            default:
                return false;
        }
    }

    private static Resource AtRevision(Resource resource, long revision)
    {
        var (body, offset) = ResourceDocument.Canonicalize(resource.Json);
        return new Resource(resource.Key, revision, ResourceDocument.Stamp(body, offset, revision));
    }

    private void Write(ReadOnlySpan<byte> type, Resource resource)
    {
        _body.Write("{\"type\":\""u8);
        _body.Write(type);
        _body.Write("\",\"object\":"u8);
        output.WriteOne(_body, resource.Json.Span);
        _body.Write("}\n"u8);
    }

    private async Task FailAsync(ApiException failure)
    {
        _body.Write("{\"type\":\"ERROR\",\"object\":"u8);
        _body.Write(StatusDocument.Failure(failure));
        _body.Write("}\n"u8);
        await _body.FlushAsync(http.RequestAborted);
    }
}
