using System;

namespace MiniJit.Filetests.Lab;

/// <summary>So many of so many, and what that says about the probability: the interval of Wilson (1927) at 95 %, which also holds when all or none failed.</summary>
internal readonly record struct Proportion(long Count, long Of)
{
    /// <summary>Standard normal quantile of 97.5 %.</summary>
    private const double Z = 1.959963985;

    public double Estimate => Of == 0 ? 0 : (double)Count / Of;

    public double Low => Count == 0 ? 0 : Math.Max(0, Center - Half);

    public double High => Count == Of ? 1 : Math.Min(1, Center + Half);

    private double Center => (Estimate + (Z * Z / (2 * Of))) / (1 + (Z * Z / Of));

    private double Half => Z / (1 + (Z * Z / Of)) * Math.Sqrt((Estimate * (1 - Estimate) / Of) + (Z * Z / (4.0 * Of * Of)));
}
