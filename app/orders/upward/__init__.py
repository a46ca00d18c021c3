"""Acts that need another person or unit: 延期, 立项计划, 上报, 转办, 支援, 督办, and agreements."""
