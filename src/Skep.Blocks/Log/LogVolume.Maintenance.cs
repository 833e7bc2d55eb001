namespace Skep.Blocks.Log;

public sealed partial class LogVolume
{
    private readonly AsyncSignal _maintenanceSignal = new();
    private long _objectsCollected;

    private async Task MaintenanceLoopAsync()
    {
        await Task.Yield();
        Interlocked.Exchange(ref _objectsCollected, 0);
        try
        {
            while (!_stop.IsCancellationRequested)
                await _maintenanceSignal.WaitAsync(_settings.CollectInterval, Time, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }
}
