// The panels of several runs of one scenario: repeats, a matrix, a sweep.

function comparisonPanels(report) {
  return [];
}
