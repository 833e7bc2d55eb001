using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text;
using Skep.Core.Observability;

namespace Skep.Core.Tests.Observability;

public sealed class PrometheusMetricsTests : IDisposable
{
    private readonly Meter _meter = new($"test-{Guid.NewGuid()}");
    private readonly PrometheusMetrics _metrics;

    public PrometheusMetricsTests() => _metrics = new PrometheusMetrics(name => name == _meter.Name);

    public void Dispose()
    {
        _metrics.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void Counters_get_a_unit_a_total_and_sorted_escaped_labels()
    {
        var counter = _meter.CreateCounter<long>("skep.sent.data", "By", "What was sent.\nReally.");
        counter.Add(3, new("z.kind", "a\"b\\c\nd"), new("is.ok", true));
        counter.Add(4, new("is.ok", true), new("z.kind", "a\"b\\c\nd"));
        counter.Add(1);
        AssertText(
            """
            # HELP skep_sent_data_bytes_total What was sent.\nReally.
            # TYPE skep_sent_data_bytes_total counter
            skep_sent_data_bytes_total 1
            skep_sent_data_bytes_total{is_ok="true",z_kind="a\"b\\c\nd"} 7

            """);
    }

    [Fact]
    public void Up_down_counters_and_gauges_are_gauges()
    {
        var open = _meter.CreateUpDownCounter<int>("open", "{connection}");
        open.Add(3);
        open.Add(-1);
        var level = _meter.CreateGauge<double>("level", "%");
        level.Record(12.5);
        level.Record(double.PositiveInfinity);
        AssertText(
            """
            # TYPE level_percent gauge
            level_percent +Inf
            # TYPE open gauge
            open 2

            """);
    }

    [Fact]
    public void Histograms_count_cumulatively_in_the_buckets_they_advise()
    {
        var histogram = _meter.CreateHistogram<double>("took", "s", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        foreach (var value in (double[])[0.1, 0.5, 0.7, 3])
            histogram.Record(value, new KeyValuePair<string, object?>("op", "x"));
        AssertText(
            """
            # TYPE took_seconds histogram
            took_seconds_bucket{op="x",le="0.5"} 2
            took_seconds_bucket{op="x",le="1"} 3
            took_seconds_bucket{op="x",le="+Inf"} 4
            took_seconds_sum{op="x"} 4.3
            took_seconds_count{op="x"} 4

            """);
    }

    [Fact]
    public void Observable_instruments_are_asked_at_the_scrape_and_vanish_when_they_stop_reporting()
    {
        var values = new Dictionary<string, int> { ["a"] = 1, ["b"] = 2 };
        _meter.CreateObservableGauge("queue", () => values.Select(v => new Measurement<int>(v.Value, new KeyValuePair<string, object?>("name", v.Key))));
        _meter.CreateObservableCounter("ticks", () => 42L);
        AssertText(
            """
            # TYPE queue gauge
            queue{name="a"} 1
            queue{name="b"} 2
            # TYPE ticks_total counter
            ticks_total 42

            """);
        values.Remove("a");
        values["b"] = 5;
        AssertText(
            """
            # TYPE queue gauge
            queue{name="b"} 5
            # TYPE ticks_total counter
            ticks_total 42

            """);
    }

    [Fact]
    public void An_instrument_that_fails_is_counted_and_the_others_are_shown()
    {
        _meter.CreateObservableGauge("bad", (Func<int>)(() => throw new InvalidOperationException("no")));
        _meter.CreateObservableGauge("good", () => 1);
        var text = Text();
        Assert.Contains("good 1\n", text, StringComparison.Ordinal);
        Assert.Contains("skep_metrics_observe_errors_total 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Tag_values_that_never_repeat_end_in_one_series()
    {
        var counter = _meter.CreateCounter<int>("many");
        for (var i = 0; i < MetricFamily.SeriesMax + 500; i++)
            counter.Add(1, new KeyValuePair<string, object?>("id", i));
        var lines = Text().Split('\n').Where(l => l.StartsWith("many_total", StringComparison.Ordinal)).ToList();
        Assert.Equal(MetricFamily.SeriesMax + 1, lines.Count);
        Assert.Contains("many_total{otel_metric_overflow=\"true\"} 500", lines);
    }

    [Fact]
    public void Instruments_of_one_name_share_a_metric_and_those_of_another_type_are_left_out()
    {
        _meter.CreateCounter<long>("shared").Add(1);
        using var twin = new Meter(_meter.Name);
        twin.CreateCounter<long>("shared").Add(2);
        twin.CreateGauge<long>("shared_total").Record(9);
        AssertText(
            """
            # TYPE shared_total counter
            shared_total 3

            """);
    }

    [Fact]
    public void A_known_tag_set_is_measured_without_allocation()
    {
        var counter = _meter.CreateCounter<long>("hot");
        var histogram = _meter.CreateHistogram<double>("hot.time", "s");
        KeyValuePair<string, object?> first = new("method", "GET"), second = new("route", "/");
        Measure();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
            Measure();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Measure()
        {
            counter.Add(1, first, second);
            histogram.Record(0.5, first, second);
        }
    }

    [Fact]
    public async Task Concurrent_measurements_are_all_counted()
    {
        var counter = _meter.CreateCounter<long>("c");
        var histogram = _meter.CreateHistogram<double>("h");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () =>
            {
                for (var i = 0; i < 5_000; i++)
                {
                    counter.Add(1, new KeyValuePair<string, object?>("k", i % 7));
                    histogram.Record(1);
                }
            },
            TestContext.Current.CancellationToken)));
        var text = Text();
        var sum = text.Split('\n').Where(l => l.StartsWith("c_total{", StringComparison.Ordinal)).Sum(l => long.Parse(l[(l.LastIndexOf(' ') + 1)..]));
        Assert.Equal(40_000, sum);
        Assert.Contains("h_count 40000\n", text, StringComparison.Ordinal);
    }

    private void AssertText(string expected)
    {
        var text = Text();
        Assert.Equal(expected, text[..text.IndexOf("# HELP skep_metrics_observe_errors_total", StringComparison.Ordinal)]);
    }

    private string Text()
    {
        var buffer = new ArrayBufferWriter<byte>();
        _metrics.Write(buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
